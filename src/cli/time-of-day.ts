/** `12:00:05`, where the user is. */
export function timeOfDay(wallTime: number): string {
  return new Date(wallTime).toTimeString().slice(0, 8)
}
