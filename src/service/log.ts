/**
 * The log of a process: one line per message, with the time (UTC), the level, one of a closed set of texts, and values with names.
 *
 * Nothing secret gets in: values are text and numbers, the texts are in one table of each process, and peers' words lose their control characters.
 * Writing never throws.
 */
import type { Clock } from "../platform/clock.ts";
import { peerText } from "../platform/text.ts";
import { LOG_LEVELS, type LogLevel } from "./log-level.ts";

export type LogValue = string | number | boolean | undefined;
export type LogValues = Readonly<Record<string, LogValue>>;

/** Takes one line without its newline. */
export type Sink = (line: string, level: LogLevel) => void;

/** What can be said. */
export interface Message {
  readonly level: LogLevel;
  readonly text: string;
}

/** Handed to whoever has something to say. */
export type Log<Name extends string> = (name: Name, values?: LogValues) => void;

const MAX_VALUE_LENGTH = 300;

/**
 * @param messages everything that can be said
 * @param level what is less important is left out
 */
export function createLog<Name extends string>(
  messages: Readonly<Record<Name, Message>>,
  clock: Clock,
  level: LogLevel,
  sink: Sink,
): Log<Name> {
  const limit = LOG_LEVELS.indexOf(level);
  return (name, values = {}) => {
    const message = messages[name];
    if (LOG_LEVELS.indexOf(message.level) > limit) return;
    const words = Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${valueText(value)}`],
    );
    const time = new Date(clock.now().wallMs).toISOString();
    try {
      sink([time, message.level.padEnd(5), message.text, ...words].join(" "), message.level);
    } catch {
      // there is nobody to tell
    }
  };
}

/** As it is when it is one plain word, otherwise as a JSON string. */
function valueText(value: Exclude<LogValue, undefined>): string {
  if (typeof value !== "string") return String(value);
  const clean = peerText(value, MAX_VALUE_LENGTH);
  return /^[^\s"=\\]+$/.test(clean) ? clean : JSON.stringify(clean);
}
