import { sep } from 'node:path'
import type { ErrorInfo } from '../kit/errors.js'
import { type StackFrame, stackFramesOf } from '../kit/stack-frames.js'
import type { Palette } from './palette.js'
import { wrapped } from './wrapped.js'

const LABEL = 8
const WIDTH = 100
/** Shown of an error that does not come from the user's code. */
const FRAMES = 3

/**
 * An error as it is shown everywhere: its code and what happened, then where, why and what to do, then each cause in
 * the same way, down to what started it. Places are as short as they can be read from `directory`, where the user is.
 *
 *     RT1601 the function of "map-1" threw
 *       where   jobs/clicks.ts:14
 *       why     …
 *       fix     …
 *       cause   TypeError: Cannot read properties of null
 *               at pick (jobs/clicks.ts:31:7)
 *               at <anonymous> (jobs/clicks.ts:14:18)
 *               … 6 frames more
 */
export function errorLines(error: ErrorInfo, palette: Palette, directory = process.cwd()): string[] {
  const style: Style = { palette, short: shortFrom(directory) }
  const [head = '', ...more] = headLines(error, style)
  return [
    palette.bad(head),
    ...more.map((line) => `  ${line}`),
    ...reasonLines(error, style),
    ...causes(error.cause, style),
  ]
}

interface Style {
  readonly palette: Palette
  /** Makes the paths in a text short. */
  readonly short: (text: string) => string
}

function shortFrom(directory: string): Style['short'] {
  if (directory === sep) return (text) => text
  const name = (directory + sep).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const below = new RegExp(`(?<=^|[\\s("])${name}`, 'gm')
  return (text) => text.replaceAll(below, '')
}

function causes(cause: ErrorInfo | undefined, style: Style): string[] {
  if (cause === undefined) return []
  const [head = '', ...more] = headLines(cause, style)
  return [
    labeled('cause', head, style),
    ...more.map((line) => indented(line)),
    ...reasonLines(cause, style),
    ...causes(cause.cause, style),
  ]
}

function headLines({ code, what, name, message }: ErrorInfo, { short }: Style): string[] {
  if (code !== undefined && what !== undefined) return wrapped(short(`${code} ${what}`), WIDTH)
  return wrapped(short(`${name}: ${message}`), WIDTH)
}

function reasonLines(error: ErrorInfo, style: Style): string[] {
  if (error.code === undefined) return placeLines(error, style)
  const { where, why, fix } = error
  const rows = [
    ['where', where],
    ['why', why],
    ['fix', fix],
  ] as const
  return rows.flatMap(([label, text]) => {
    if (text === undefined) return []
    const [first = '', ...rest] = wrapped(style.short(text), WIDTH - LABEL - 2)
    return [labeled(label, first, style), ...rest.map((line) => indented(line))]
  })
}

/** Where it was thrown: the newest frames of the user's own code; of Retake's only where there are none. */
function placeLines({ stack }: ErrorInfo, { palette, short }: Style): string[] {
  const frames = stackFramesOf(stack)
  const shown = shownOf(frames)
  const folded = frames.length - shown.length
  const rest = folded === 1 ? '… 1 frame more' : `… ${folded} frames more`
  return [
    ...shown.map(({ text }) => indented(short(text))),
    ...(folded === 0 || shown.length === 0 ? [] : [indented(palette.faint(rest))]),
  ]
}

function shownOf(frames: readonly StackFrame[]): readonly StackFrame[] {
  const own = frames.filter(({ owner }) => owner === 'user')
  return own.length > 0 ? own : frames.filter(({ owner }) => owner !== 'node').slice(0, FRAMES)
}

function labeled(label: string, text: string, { palette }: Style): string {
  return `  ${palette.faint(label.padEnd(LABEL))}${text}`
}

function indented(text: string): string {
  return `  ${' '.repeat(LABEL)}${text}`
}
