"""What a person looks at: tables, pictures, methods text.

May import: brain, samples, stats.
"""
