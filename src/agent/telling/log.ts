/**
 * The agent's log: one line per message, with the time (UTC), the level, one of a closed set of texts, and values with names.
 *
 * Nothing secret gets in: values are text and numbers, the texts are in `messages.ts`, and peers' words lose their control characters.
 * Writing never throws.
 */
import { LOG_LEVELS, type LogLevel } from "../../accounts/config.ts";
import type { Clock } from "../../platform/clock.ts";
import { peerText } from "../../platform/text.ts";
import { MESSAGES, type Message, type MessageName } from "./messages.ts";

export type LogValue = string | number | boolean | undefined;
export type LogValues = Readonly<Record<string, LogValue>>;

/** Takes one line without its newline. */
export type Sink = (line: string, level: LogLevel) => void;

/** Handed to whoever has something to say. */
export type Log = (name: MessageName, values?: LogValues) => void;

const MAX_VALUE_LENGTH = 300;

/** @param level what is less important is left out */
export function createLog(clock: Clock, level: LogLevel, sink: Sink): Log {
  const limit = LOG_LEVELS.indexOf(level);
  return (name, values = {}) => {
    const message: Message = MESSAGES[name];
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
