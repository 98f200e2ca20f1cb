/**
 * What a recipe is: one mail program's way of getting its tokens from mailkey, as data in and text out. A recipe writes nothing and runs
 * nothing: `plan.ts` turns what it renders into changes of files, and `apply.ts` writes them.
 */
import type { ProxyConfig } from "../accounts/proxy-config.ts";
import type { Environment } from "../platform/paths.ts";
import type { MailServer, Mechanism, Protocol } from "../providers/provider.ts";

export type Capability = "fetch" | "send";

/**
 * How a program gets into a mailbox. `token`: it runs mailkey for a token and logs in by itself. `tunnel`: it runs mailkey in the place of a
 * connection, and is logged in. `proxy`: it logs in to mailkey's proxy with a password of that.
 */
export type Way = "token" | "tunnel" | "proxy";

/** An account as mail programs need to know it. */
export interface MailAccount {
  /** The mailbox, and the sender of what is sent. */
  readonly address: string;
  /** The SASL user name: not the address for some shared mailboxes. */
  readonly user: string;
  /** For names of sections and accounts in configuration files: unique, `[a-z0-9-]`, made from the address: `you-hotmail-com`. */
  readonly label: string;
  readonly servers: { readonly [P in Protocol]?: MailServer };
  /** Which of the provider's mechanisms is the program to use, preferred first. */
  readonly mechanisms: { readonly [P in Protocol]?: readonly Mechanism[] };
  /** What the program runs to get a token: an absolute path and arguments, unquoted. `shellLine` of `platform/shell.ts` makes a line of it. */
  readonly tokenCommand: readonly [string, ...string[]];
  /** The same by way of the file that the agent keeps (`token_file`): used in the place of `tokenCommand` wherever a token is all that is wanted. */
  readonly fileCommand?: readonly [string, ...string[]];
  /** What the program runs in the place of a connection to the server: the same kind of list. */
  readonly tunnelCommands: { readonly [P in Protocol]: readonly [string, ...string[]] };
}

/** A mail program as it was found on this machine. */
export interface FoundProgram {
  /** Absolute path. */
  readonly path: string;
  /** As the program tells it, the number alone (`1.4.4`); undefined when it does not say. */
  readonly version: string | undefined;
}

export interface RenderRequest {
  /** In the order in which they were set up; the first is the default sender. */
  readonly accounts: readonly [MailAccount, ...MailAccount[]];
  /** Undefined when it is not installed: what the newest version wants is rendered then. */
  readonly program: FoundProgram | undefined;
  /** Other programs by their executable's name, for recipes that build on them (mu4e on mbsync and msmtp). */
  readonly find: (executable: string) => FoundProgram | undefined;
  /** What the user wants, or had before; undefined: what suits the program. Always one of the recipe's `ways`. */
  readonly way: Way | undefined;
  /** Where mailkey's proxy is to be found. */
  readonly proxy: ProxyConfig;
  /** Whether a program that logs in by libsasl2 has a plugin for tokens; undefined when that cannot be told. */
  readonly hasTokenPlugin: (program: FoundProgram) => Promise<boolean | undefined>;
  readonly home: string;
  readonly env: Environment;
  /** PEM file of authorities that the user trusts besides the system's (`network.ca_file`): programs are told of it, too. */
  readonly caFile: string | undefined;
  /** What a file holds now without mailkey's own part, as Latin-1 so that no byte is lost; undefined when there is none. */
  readonly read: (path: string) => string | undefined;
}

/** How a file's comments begin, which is how the marks around mailkey's block are written. */
export type CommentStyle = "#" | ";;" | "--" | '"' | "//";

/** A marked block in a file of the user's: what is around it stays as it is, byte for byte. */
export interface BlockEdit {
  readonly kind: "block";
  /** Absolute; `~` is not expanded. */
  readonly path: string;
  readonly comment: CommentStyle;
  /** Lines ending in `\n`; the file's own line ending is used when it differs. */
  readonly text: string;
  /** Where a new block goes: what the first (or the last) setting in a file decides differs by program. `end` unless given. */
  readonly place?: "start" | "end";
  /** Mode of the file when it has to be made; 0600 unless given. */
  readonly mode?: number;
}

/** A file of mailkey's own: made, replaced and removed as a whole. One that somebody else wrote is never touched. */
export interface FileEdit {
  readonly kind: "file";
  readonly path: string;
  /** Undefined where the format has no comments: then what mailkey wrote is recognised by its content alone. */
  readonly comment: CommentStyle | undefined;
  readonly text: string;
  /** 0600 unless given. */
  readonly mode?: number;
}

export type Edit = BlockEdit | FileEdit;

/** A section of the user's own that does for an account what mailkey's would do: having both is what nobody wants. */
export interface HandMade {
  readonly path: string;
  /** The line with which it begins, from 1, in what `read` returned. */
  readonly line: number;
  /** Whose mailbox it is for. */
  readonly address: string;
}

export interface Rendering {
  readonly edits: readonly Edit[];
  /** By which way; `token` unless given. It is kept when the program is set up again. */
  readonly way?: Way;
  /** Nothing is written for this program while there is one: the user is told the line, and what to do about it. */
  readonly handMade?: readonly HandMade[];
  /** Folders that the program needs and does not make itself, absolute; made 0700 with their parents. */
  readonly folders?: readonly string[];
  /**
   * What the user has to know or type besides, one sentence or command each: a package to install, `mu init …`. A long command
   * goes on a line of its own with four spaces before it: such lines are not wrapped.
   */
  readonly notes: readonly string[];
}

export interface Recipe {
  /** What is typed after `mailkey setup`: lower case, one word. */
  readonly name: string;
  /** As people call it: `mbsync (isync)`. */
  readonly title: string;
  /** One line: what it lets the program do. */
  readonly summary: string;
  readonly capabilities: readonly Capability[];
  /** Those that the program can go; `token` alone unless given. */
  readonly ways?: readonly [Way, ...Way[]];
  /** Recipes that have to be set up as well, and are, before this one: mu4e sends through msmtp. Not taken out with it. */
  readonly buildsOn?: readonly string[];
  /** The executables by which it is found on PATH; the first that is there counts. Empty for the generic recipe. */
  readonly executables: readonly string[];
  /** It wants more of mailkey than a token: what a file holds is not enough. */
  readonly needsMailkey?: boolean;
  /** How it tells its version: arguments, and where the number is in what it prints. */
  readonly versionArgs?: readonly string[];
  readonly versionPattern?: RegExp;
  /** The first version that can use tokens; older ones are not offered, and `render` refuses them. */
  readonly oldestVersion?: string;
  /** Installed, though no executable says so (an Emacs library): asked instead of looking for `executables`. */
  isThere?(find: (executable: string) => FoundProgram | undefined): boolean;
  /**
   * @throws ERR_UNSUPPORTED when this version of the program cannot use tokens, or an account lacks the server it needs, saying what can be
   * used instead
   */
  render(request: RenderRequest): Rendering | Promise<Rendering>;
  /** Manuals and issues that what is rendered rests on. */
  readonly sources: readonly string[];
}
