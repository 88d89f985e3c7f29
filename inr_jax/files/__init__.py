"""Files in and out: whole or not at all, bounded, each reader's faults in one line.

Ground, as errors and progress are: every room may import it, and it imports no room.
"""

from inr_jax.files.writing import cache_folder as cache_folder
from inr_jax.files.writing import csv_text as csv_text
from inr_jax.files.writing import json_text as json_text
from inr_jax.files.writing import make_folder as make_folder
from inr_jax.files.writing import neutral as neutral
from inr_jax.files.writing import plain_cell as plain_cell
from inr_jax.files.writing import remove_temporary as remove_temporary
from inr_jax.files.writing import whole_file as whole_file
from inr_jax.files.writing import write_bytes as write_bytes
from inr_jax.files.writing import write_csv as write_csv
from inr_jax.files.writing import write_json as write_json
from inr_jax.files.writing import write_text as write_text
