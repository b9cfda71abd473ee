/**
 * What a function returns whose result is not heeded: anything but a promise, for nobody waits for one, and what it is
 * rejected with would be lost.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: it is what a function without a return statement returns
export type NotAPromise = void | undefined | null | boolean | number | bigint | string | symbol
