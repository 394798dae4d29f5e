"""What figures of all analyses share: the house style, and the drawing of rows where a table is too large to show."""
