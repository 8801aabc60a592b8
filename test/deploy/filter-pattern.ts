/**
 * Whether a line of a log matches a filter pattern of CloudWatch Logs: words in brackets, or conditions for fields of JSON that are
 * all true. The emulator keeps filters, but does not apply them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function matchesFilter(pattern: string, line: string): boolean {
  return pattern.startsWith('[') ? matchesWords(pattern, line) : matchesFields(pattern, line)
}

/** `[report=REPORT, id, milliseconds>950, ...]`: each word has a name, and may have a condition. */
function matchesWords(pattern: string, line: string): boolean {
  const terms = pattern.slice(1, -1).split(', ')
  const words = line.trim().split(/\s+/)
  const named = terms.filter((term) => term !== '...')
  if (named.length === terms.length ? words.length !== named.length : words.length < named.length)
    return false
  return named.every((term, index) => {
    const [, operator, value] = /^\w+(=|>|<)(.+)$/.exec(term) ?? []
    return operator === undefined || holds(words[index], operator, value)
  })
}

const CONDITION = /\(?\$\.([\w.]+)\s*(!?=|[<>])\s*("[^"]*"|[\w.]+)\)?/g

/** `{ ($.route = "DELETE /v1/*") && ($.status = 200) }` */
function matchesFields(pattern: string, line: string): boolean {
  const rest = pattern.replaceAll(CONDITION, '').replaceAll(/&&|\s/g, '')
  if (rest !== '{}') throw new Error(`This is more than conditions with &&: ${pattern}`)
  const fields = parseJson(line)
  return [...pattern.matchAll(CONDITION)].every(([, path = '', operator, value]) => {
    const actual = path.split('.').reduce<unknown>((found, name) => (found as Fields)?.[name], fields)
    return actual !== undefined && holds(actual, operator, value)
  })
}

type Fields = Record<string, unknown> | undefined

function parseJson(line: string): Fields {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function holds(actual: unknown, operator = '', value = ''): boolean {
  if (operator === '>') return Number(actual) > Number(value)
  if (operator === '<') return Number(actual) < Number(value)
  const text = value.replace(/^"(.*)"$/, '$1')
  const expected = new RegExp(`^${text.replaceAll(/[^\w*]/g, '\\$&').replaceAll('*', '.*')}$`)
  return expected.test(String(actual)) === (operator === '=')
}
