"""``python -m greenroom.serve.workers DESCRIPTOR SERVER``: a worker, as the server starts it."""

import sys

from greenroom.serve.workers.process import main

main(sys.argv[1:])
