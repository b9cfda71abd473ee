/** What a stream may be keyed by: one type a stream. */
export type KeyPart = string | number | bigint | boolean
export type Key = KeyPart | readonly KeyPart[]

export type KeySelector = (record: unknown) => Key
