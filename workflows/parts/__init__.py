"""workflows/parts"""
