#!/bin/sh
set -eu

count() {
    printf '%s words\n' "$(wc -w < "$1" | tr -d ' ')"
}

count "$1"
