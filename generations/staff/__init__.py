"""The desks: pages of the operator's people, behind the admin's gate. They translate; the verbs lie in
generations/oversight, billing and accounts."""
