/** Measures as they stand in what a scenario says. */

export function inMs(durationMs: number): string {
  return `${durationMs.toFixed(0)} ms`
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MB`
}
