"""steadydesk/configuration"""
