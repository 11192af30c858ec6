"""The room of the schemes: what is in force, what each rule rests on, and how the states lead to each other."""
