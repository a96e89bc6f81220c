#!/usr/bin/env bash
# Train, then publish what the training left. Arguments go to rw-hooks, such as --host.
set -euo pipefail
cd "$(dirname "$0")"

python train.py outputs/my_style.safetensors # your trainer's own command stands here

rw-hooks publish outputs/my_style.safetensors --trigger-words "mystyle" --tags "example" "$@"
