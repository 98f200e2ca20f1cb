/** How sure a value of the registry is: the three ways to say so, and the look-up of what was said. */
import type { Provider, Source } from "./provider.ts";

/** Read in the provider's documentation, or in the upstream file that is named. */
export function verified(sources: readonly string[], note?: string): Source {
  return source("verified", sources, note);
}

/** Only others say so: an issue, a tool's source, a note. */
export function reported(sources: readonly string[], note?: string): Source {
  return source("reported", sources, note);
}

/** Inferred, contradicted, or from nowhere that could be named. */
export function unverified(sources: readonly string[], note?: string): Source {
  return source("unverified", sources, note);
}

/**
 * Where the value at a dotted path comes from: `endpoints.token`, `resources.outlook.smtp`, `servers.imap`.
 * The longest prefix that has a source speaks for what is below it; null when none does.
 */
export function sourceOf(provider: Provider, path: string): Source | null {
  for (let prefix = path; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const found = provider.sources[prefix];
    if (found !== undefined) return found;
  }
  return null;
}

function source(status: Source["status"], sources: readonly string[], note: string | undefined): Source {
  return note === undefined ? { status, sources } : { status, sources, note };
}
