"""steadydesk/policies"""
