"""`nem protocols`: which of many declared protocols could have given the paper's numbers?"""
