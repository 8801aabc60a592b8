declare module 'serverless-offline/lambda' {
  export default class Lambda {
    constructor(serverless: object, options: Record<string, unknown>)
    create(functions: { functionKey: string; functionDefinition: object }[]): void
    get(functionKey: string): { setEvent(event: unknown): void; runHandler(): Promise<unknown> }
    cleanup(): Promise<void>
  }
}
