/** Numbers as people read them, in the same few characters each time. */

/** `950 B`, `61 KB`, `1.2 MB` */
export function bytesText(bytes: number): string {
  return scaled(bytes, 1_024, [' B', ' KB', ' MB', ' GB', ' TB'])
}

/** `950`, `66.1k`, `1.20M` */
export function rateText(perSecond: number): string {
  return scaled(perSecond, 1_000, ['', 'k', 'M', 'G'])
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let scale = 0
  let left = value
  while (left >= base * 0.9995 && scale < units.length - 1) {
    left /= base
    scale++
  }
  const digits = scale === 0 || left >= 99.95 ? 0 : 1
  return `${left.toFixed(digits)}${units[scale]}`
}

/** `23 ms`, `1.2 s`, `3 min 05 s` */
export function durationText(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** `14s`, `3m`, `3h 02m`, `3d 2h`: how long ago, or since when, in a table. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)]
  if (minutes === 0) return `${seconds}s`
  if (hours === 0) return `${minutes}m`
  if (hours < 24) return `${hours}h ${String(minutes % 60).padStart(2, '0')}m`
  return `${Math.floor(hours / 24)}d ${hours % 24}h`
}

/** `61%` */
export function percentText(share: number): string {
  return `${Math.min(100, Math.round(share * 100))}%`
}

/** `1,000,000` */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 restart`, `2 restarts` */
export function counted(count: number, one: string, several: string): string {
  return `${countText(count)} ${count === 1 ? one : several}`
}
