"""The Allen Human Brain Atlas (AHBA): its files, its preprocessing, its comparison."""
