/** Files as they really are: what setup must leave as it is. Latin-1, a character for each byte. */
export const ODD_FILES: readonly (readonly [string, string])[] = [
  ["a file with comments", "# my settings\n\n# do not touch\nvalue = 1  # why\n"],
  ["a file with DOS line endings", "first\r\nsecond\r\n"],
  ["a file with mixed line endings", "first\r\nsecond\nthird\r\n"],
  ["a file without a newline at its end", "first\nlast"],
  ["a DOS file without a newline at its end", "first\r\nlast"],
  ["one line without a newline", "only"],
  ["a file in Latin-1", "name = J\u00fcrgen M\u00fcller \u00e9\u00ff\n"],
  ["a file in UTF-8", Buffer.from("name = Jürgen 日本\n").toString("latin1")],
  ["a file with tabs and trailing spaces", "\tindented\t \n  \t\n"],
  ["a file with a byte order mark", "\u00ef\u00bb\u00bffirst\nsecond\n"],
  ["nothing but a byte order mark", "\u00ef\u00bb\u00bf"],
  ["an empty file", ""],
  ["nothing but newlines", "\n\n\n"],
  ["a file with a NUL and control characters", "a\u0000b\u001b[31m\n\u000c\n"],
  ["a file with a lone carriage return at its end", "first\r"],
];
