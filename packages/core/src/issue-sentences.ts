import type * as z from 'zod'

/** More are not named, so that an answer stays short. */
const MAX_ISSUES = 5
const MAX_NAME_LENGTH = 80

/**
 * What is wrong with a value from a client, as sentences that name each field and say what it must be. zod's own messages
 * speak of types and schemas, to programmers.
 *
 * @param where what the value is: `body`
 */
export function toSentences(issues: z.core.$ZodIssue[], where: string): string {
  const sentences = issues.flatMap(innermost).map((issue) => {
    const field = [where, ...issue.path.map(segment)].join('.')
    return `${field} ${issue.message}.`
  })
  const [named, more] = [sentences.slice(0, MAX_ISSUES), sentences.length - MAX_ISSUES]
  return [...new Set(named), ...(more > 0 ? [`There are ${more} more errors like these.`] : [])].join(' ')
}

/** A key that is no plain name is quoted: `attributes."A B"`. */
function segment(key: PropertyKey): string {
  return /^[\w-]{1,64}$/.test(String(key)) ? String(key) : quote(String(key))
}

/** A key's own issue, and of a union those of the alternative that comes closest. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  const below = (issues: z.core.$ZodIssue[]) =>
    issues.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }))
  // The path of a key's issue already names the key.
  if (issue.code === 'invalid_key')
    return issue.issues.slice(0, 1).map(({ message }) => ({ ...issue, message }))
  if (issue.code === 'invalid_element') return below(issue.issues)
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const depth = (issues: z.core.$ZodIssue[]) => Math.max(...issues.map(({ path }) => path.length))
  return below(issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [])
}

/**
 * zod's error map for requests: the end of a sentence that starts with the field. A message in a schema comes before it and
 * is such an end too.
 */
export function messageOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing; send ${typeName(issue.expected)}`
        : `must be ${typeName(issue.expected)}`
    case 'unrecognized_keys':
      return `has an unknown field ${issue.keys.slice(0, MAX_ISSUES).map(quote).join(', ')}; remove it`
    case 'invalid_value':
      return `${issue.input === undefined ? 'is missing; it ' : ''}must be ${issue.values.map(quote).join(' or ')}`
    case 'too_small':
      return `must ${limit(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`
    case 'too_big':
      return `must ${limit(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? 'in its documented format'}`
    default:
      return 'does not have its documented form'
  }
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with named fields',
  record: 'an object with named fields',
  null: 'null',
}

function typeName(expected: string): string {
  return TYPES[expected] ?? 'of its documented type'
}

const FORMATS: Record<string, string> = {
  date: 'a date such as 2026-11-23',
  datetime: 'a UTC time such as 2026-11-23T10:00:00Z',
  url: 'a URL',
  uuid: 'a UUID',
}

function limit(origin: string, comparison: string, value: number | bigint): string {
  if (origin === 'string') return `have ${comparison} ${value} ${value === 1 ? 'character' : 'characters'}`
  if (origin === 'array' || origin === 'set' || origin === 'map')
    return `have ${comparison} ${value} ${value === 1 ? 'entry' : 'entries'}`
  return `be ${comparison} ${value}`
}

function quote(value: unknown): string {
  const text =
    typeof value === 'string' && value.length > MAX_NAME_LENGTH
      ? `${value.slice(0, MAX_NAME_LENGTH)}…`
      : value
  return JSON.stringify(text) ?? String(text)
}
