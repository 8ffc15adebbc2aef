"""steadydesk/contracts"""
