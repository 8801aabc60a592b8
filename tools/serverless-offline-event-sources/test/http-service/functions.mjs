/** Answers with what the function received. */
export async function echo({
  rawPath,
  rawQueryString,
  pathParameters,
  headers,
  body,
  isBase64Encoded,
  requestContext,
}) {
  const bytes = body === null ? 0 : Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').length
  const { method } = requestContext.http
  const received = {
    method,
    rawPath,
    rawQuery: rawQueryString,
    id: pathParameters?.id,
    contentType: headers['content-type'],
    bytes,
  }
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(received) }
}

export async function fail() {
  throw new Error('secret: hunter2')
}

/** Throws outside of the handler's promise. */
export function crash() {
  setImmediate(() => {
    throw new Error('out of the blue')
  })
  return new Promise(() => {})
}

export const hang = () => new Promise(() => {})

/** Answers with what the URL in the query answers. */
export async function wait({ rawQueryString }) {
  const body = await (await fetch(rawQueryString)).text()
  return { statusCode: 200, headers: { 'content-type': 'text/plain' }, body }
}

/** Answers with, or throws, the value of the JavaScript expression in the query. */
export async function answer({ queryStringParameters: { value } }) {
  return new Function(`return ${value}`)()
}
