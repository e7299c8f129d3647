"""`python -m generations.sandbox`."""

import sys

from generations.sandbox import main

sys.exit(main())
