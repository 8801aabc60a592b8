/** What an instance remembers of the latest keys, made when a key is asked for the first time. */
export function openRecent<Value>(max: number, create: () => Value): (key: string) => Value {
  const values = new Map<string, Value>()
  return (key) => {
    const value = values.get(key) ?? create()
    values.delete(key)
    values.set(key, value)
    const [oldest] = values.keys()
    if (values.size > max && oldest !== undefined) values.delete(oldest)
    return value
  }
}
