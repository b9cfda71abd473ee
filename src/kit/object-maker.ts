/** Makes an object with certain fields of their values, in order. The array is its caller's again afterwards. */
export type ObjectMaker = (values: readonly unknown[]) => object

/**
 * The maker of objects with these fields: a function of one object literal, so that all of them have one hidden class
 * from the start. Where no code may be made of texts, fields are set one by one.
 *
 * @param names each once, and none `__proto__`, which means something else in a literal
 */
export function objectMaker(names: readonly string[]): ObjectMaker {
  const fields = names.map((name, i) => `${JSON.stringify(name)}: values[${i}]`)
  try {
    return new Function('values', `return { ${fields.join(', ')} }`) as ObjectMaker
  } catch {
    return (values) => Object.fromEntries(names.map((name, i) => [name, values[i]]))
  }
}
