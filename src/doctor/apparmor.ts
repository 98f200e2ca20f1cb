/**
 * Reads as much of AppArmor's profile for msmtp as it takes to tell which programs its helpers may run: the rules of the child profile
 * `helpers`. Includes are not followed; the ones that Debian's profile has there allow no programs.
 *
 * @see apparmor.d(5)
 */

/** Whether a helper may execute `path`. `home` stands for `@{HOME}`. */
export function isAllowed(profile: string, path: string, home: string): boolean {
  const helpers = childProfile(profile, "helpers");
  if (helpers === undefined) return true; // another profile than we know: nobody can tell
  return helpers.some((line) => {
    const [, quoted, plain, modes = ""] =
      /^\s*(?:owner\s+)?(?:"((?:\\.|[^"])*)"|(\/\S+|@\S+))\s+([a-zA-Z]+)/.exec(line) ?? [];
    const rule = quoted ?? plain;
    // Executing needs a transition: px, ux, cx, ix. Mere mr is for mapping.
    return rule !== undefined && /x/.test(modes) && patternOf(rule.replace(/@\{HOME\}/g, home)).test(path);
  });
}

/** The lines between `profile NAME {` and its closing brace. */
function childProfile(text: string, name: string): string[] | undefined {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => new RegExp(String.raw`^\s*profile\s+${name}\b.*\{\s*$`).test(line));
  if (start < 0) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^\s*\}\s*$/.test(line));
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
}

/** A path pattern as a regular expression: `*` within a folder, `**` through all, `{a,b}`, `[abc]`, `?`. */
function patternOf(rule: string): RegExp {
  let depth = 0; // of alternatives: a comma outside of them is a comma
  const source = rule.replace(/\\.|\*\*|[*?{},]|\[[^\]]*\]|[.+^$()|\\]/g, (part) => {
    if (part === "{") depth += 1;
    if (part === "}") depth -= 1;
    const special: Readonly<Record<string, string>> = {
      "**": ".*",
      "*": "[^/]*",
      "?": "[^/]",
      "{": "(?:",
      "}": ")",
      ",": depth > 0 ? "|" : ",",
    };
    return special[part] ?? (part.startsWith("[") ? part : `\\${part.slice(-1)}`);
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /$^/; // a pattern that is none matches nothing
  }
}
