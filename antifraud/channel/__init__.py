"""To and from banks: how a message is written, signed and read. Nothing here decides about a case.

A message is believed only when its signature covers every component of the profile, was made with a key registered
for its sender, is fresh, and its body has the signed digest; all of that is checked before the body is read.
"""
