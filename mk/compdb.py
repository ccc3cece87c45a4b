#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compile_commands.json on standard output: compdb.py CC FLAGS SOURCE..."""
import json
import os
import sys

cc, flags, srcs = sys.argv[1], sys.argv[2], sys.argv[3:]
json.dump([{"directory": os.getcwd(), "file": s, "command": f"{cc} {flags} -c {s}"} for s in srcs],
          sys.stdout, indent=1)
