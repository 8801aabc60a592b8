import { AwsClient } from 'aws4fetch'

// Without the AWS SDK, which takes longer to load than all of the authorizer: see decisions/0048-keys-are-objects.md.

/** An answer takes milliseconds. The second attempt helps after a lost connection. */
const ATTEMPTS = 2
const TIMEOUT_MS = 3_000

/** Reads and writes small objects of one bucket. Keys contain only characters that a URL has unchanged. */
export interface SmallObjects {
  /** Undefined if the object does not exist. @throws Error if S3 does not answer, or refuses */
  getText(key: string): Promise<string | undefined>
  /** Writes an empty object. @throws Error as above */
  touch(key: string): Promise<void>
}

/** @param environment with the credentials and the region that Lambda provides, and the SDK's variables for another server */
export function openSmallObjects(bucket: string, environment: NodeJS.ProcessEnv = process.env): SmallObjects {
  const address = addressOf(bucket, environment)
  const client = new AwsClient({
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    ...(environment.AWS_SESSION_TOKEN && { sessionToken: environment.AWS_SESSION_TOKEN }),
    region: regionOf(environment),
    service: 's3',
    retries: 0,
  })
  const send = async (method: 'GET' | 'PUT', key: string): Promise<string | undefined> => {
    const response = await client.fetch(`${address}/${key}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (response.ok) return text
    // A bucket that does not exist is 404 too.
    if (method === 'GET' && response.status === 404 && text.includes('NoSuchKey')) return undefined
    throw new Error(`S3 answered ${response.status} to ${method} ${key}`)
  }
  return {
    getText: (key) => repeat(() => send('GET', key)),
    touch: async (key) => void (await repeat(() => send('PUT', key))),
  }
}

async function repeat<Result>(request: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

/** `https://{bucket}.s3.{region}.amazonaws.com`, or the bucket as a path of the server that the SDK's variables name. */
function addressOf(bucket: string, environment: NodeJS.ProcessEnv): string {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = environment
  const server = AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL
  if (server) return `${server.replace(/\/+$/, '')}/${bucket}`
  const region = regionOf(environment)
  return `https://${bucket}.s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

function regionOf({ AWS_REGION, AWS_DEFAULT_REGION }: NodeJS.ProcessEnv): string {
  return AWS_REGION || AWS_DEFAULT_REGION || 'us-east-1'
}
