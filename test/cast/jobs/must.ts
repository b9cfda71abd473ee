/** `name`, which is there; a function in a file of its own, so that stacks go through two. */
export function must(name: string | undefined): string {
  if (name === undefined) throw new TypeError('a row has no name')
  return name
}
