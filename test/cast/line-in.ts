import { readFileSync } from 'node:fs'

/** The number of the first line of `file` in which `text` begins. */
export function lineIn(file: string, text: string): number {
  const [before, ...found] = readFileSync(file, 'utf8').split(text)
  if (before === undefined || found.length === 0) throw new Error(`${file} has no ${JSON.stringify(text)}`)
  return before.split('\n').length
}
