"""steadydesk/records"""
