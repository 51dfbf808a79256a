"""The program of the desk: one small controller a screen, joining what is seen to tokens, hosts, clients and media."""
