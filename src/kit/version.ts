import { readFileSync } from 'node:fs'

/** Of this package. */
export function version(): string {
  // This file runs from <package>/dist/src/kit.
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
