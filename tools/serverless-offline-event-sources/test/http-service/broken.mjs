throw new Error('secret: hunter2')

export const handler = () => {}
