import { AwsClient } from 'aws4fetch'

/** The second attempt helps after a lost connection. */
const ATTEMPTS = 2

/** One request. */
export interface SignedRequest {
  method: 'GET' | 'PUT' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** For one attempt. */
  timeoutMs: number
}

interface Answer {
  status: number
  text: string
}

/** An AWS service, in the region and with the credentials of the environment. */
export interface AwsService {
  /** Of the server that the SDK's variables name, if they do. Without a slash at its end. */
  server: string | undefined
  /** `s3.eu-central-1.amazonaws.com` */
  host: string
  /**
   * Signs a request and sends it. Sends it again after a lost connection and an answer of 500 and more. After a timeout a POST is
   * not sent again: it may have been carried out.
   *
   * @throws Error if there is no answer
   */
  send(url: string, request: SignedRequest): Promise<Answer>
}

/** @param environment with the credentials and the region that Lambda provides, and the SDK's variables for another server */
export function openService(
  name: 's3' | 'dynamodb',
  environment: NodeJS.ProcessEnv = process.env,
): AwsService {
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1'
  const client = new AwsClient({
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    ...(environment.AWS_SESSION_TOKEN && { sessionToken: environment.AWS_SESSION_TOKEN }),
    region,
    service: name,
    retries: 0,
  })
  const attempt = async (url: string, { timeoutMs, ...request }: SignedRequest): Promise<Answer> => {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await client.fetch(url, { ...request, signal, aws: { allHeaders: true } })
    return { status: response.status, text: await response.text() }
  }
  const server = environment[`AWS_ENDPOINT_URL_${name.toUpperCase()}`] || environment.AWS_ENDPOINT_URL
  return {
    server: server?.replace(/\/+$/, '') || undefined,
    host: `${name}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
    async send(url, request) {
      for (let left = ATTEMPTS - 1; ; left--) {
        try {
          const answer = await attempt(url, request)
          if (answer.status < 500 || left === 0) return answer
        } catch (error) {
          const isUncertain = request.method === 'POST' && (error as Error).name === 'TimeoutError'
          if (isUncertain || left === 0) throw error
        }
      }
    },
  }
}
