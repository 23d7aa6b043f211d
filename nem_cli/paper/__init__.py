"""`nem figures`: the paper's numbers, claims, studies and page."""
