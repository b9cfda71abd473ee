import type { ErrorInfo } from '../kit/errors.js'
import type { Palette } from './palette.js'
import { wrapped } from './wrapped.js'

const LABEL = 8
const WIDTH = 100
/** This package's build, as stacks name it. This file runs from <package>/dist/src/cli. */
const RETAKE = new URL('../..', import.meta.url).href

/**
 * An error as it is shown everywhere: its code and what happened, then where, why and what to do, then each cause in
 * the same way, down to what started it.
 *
 *     RT1601 user code threw in the operator "map-1"
 *       where   jobs/clicks.ts:14
 *       why     …
 *       fix     …
 *       cause   TypeError: Cannot read properties of null
 *               at jobs/clicks.ts:31
 */
export function errorLines(error: ErrorInfo, palette: Palette): string[] {
  const [head = '', ...more] = headLines(error)
  return [
    palette.bad(head),
    ...more.map((line) => `  ${line}`),
    ...reasonLines(error, palette),
    ...causes(error.cause, palette),
  ]
}

function causes(cause: ErrorInfo | undefined, palette: Palette): string[] {
  if (cause === undefined) return []
  const [head = '', ...more] = headLines(cause)
  return [
    labeled('cause', head, palette),
    ...more.map((line) => indented(line)),
    ...reasonLines(cause, palette),
    ...causes(cause.cause, palette),
  ]
}

function headLines(error: ErrorInfo): string[] {
  const { code, what, name, message } = error
  if (code !== undefined && what !== undefined) return wrapped(`${code} ${what}`, WIDTH)
  return wrapped(`${name}: ${message}`, WIDTH)
}

function reasonLines(error: ErrorInfo, palette: Palette): string[] {
  if (error.code === undefined) return placeLines(error)
  const { where, why, fix } = error
  const rows = [
    ['where', where],
    ['why', why],
    ['fix', fix],
  ] as const
  return rows.flatMap(([label, text]) => {
    if (text === undefined) return []
    const [first = '', ...rest] = wrapped(text, WIDTH - LABEL - 2)
    return [labeled(label, first, palette), ...rest.map((line) => indented(line))]
  })
}

/** Where it was thrown: the first three frames of the user's own code, or of ours; those of packages say nothing. */
function placeLines({ stack }: ErrorInfo): string[] {
  const frames = (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at .*[/\\]/.test(line) && !/node:internal|\/node_modules\//.test(line))
  const own = frames.filter((frame) => !frame.includes(RETAKE))
  return (own.length > 0 ? own : frames).slice(0, 3).map((frame) => indented(frame.trim()))
}

function labeled(label: string, text: string, palette: Palette): string {
  return `  ${palette.faint(label.padEnd(LABEL))}${text}`
}

function indented(text: string): string {
  return `  ${' '.repeat(LABEL)}${text}`
}
