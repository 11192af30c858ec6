"""What every page of the console has: who is here, which language, the frame around the room, live hints, errors."""
