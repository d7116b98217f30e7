"""The reference pages, made from the program's own tables. What the code cannot say (what a key is for, what a class
means) stands here beside the table it belongs to; a key without its words, or words without their key, is an error."""
