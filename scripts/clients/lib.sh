#!/usr/bin/env bash
# Where the tests with other people's clients find their Python. Source it after scripts/lib.sh.

export CLIENTS_VENV=$HELIOGRAPH_CACHE/clients-venv
