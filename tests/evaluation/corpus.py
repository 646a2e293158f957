#!/usr/bin/env python3
"""corpus.py BUILD: the scored table of real recordings, tests/corpus/table.txt."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.exit(subprocess.run([sys.executable, os.path.join(HERE, "..", "corpus", "table.py"),
                         os.path.join(sys.argv[1], "lineside")], check=False).returncode)
