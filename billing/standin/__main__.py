"""`python -m billing.standin`."""

import sys

from billing.standin import main

sys.exit(main())
