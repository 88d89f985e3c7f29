"""The Allen Human Brain Atlas (AHBA): its wells, files and preprocessing."""
