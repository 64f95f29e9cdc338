/** A key and its signature over `data`, to find out whether the crypto library can verify with an algorithm. */
export interface Probe {
  readonly data: string
  readonly publicKey: string
  readonly signature: string
}

const data = 'waxseal'

/** By algorithm number; keys as DNSKEY records have them, in base64. */
export const probes: ReadonlyMap<number, Probe> = new Map([
  [
    5,
    {
      data,
      publicKey:
        'AwEAAeCK+hjQhhtg/yS8IDXojYIxhRJla6vwl4Ngz8yhGybzhMxARZJZM6JpsA6SKn3aBK8gPYY3FbitdHDGrbg9AOLxuDw5DOvW3m2iYY/mPQpWsjjyNoGkR1lKD0w6wGSmNJnxTIoeitCQqpj/Qnhpxbxvf5WgFTxkokjoxHCbNR+5',
      signature:
        'f4tzqJf1rsnMXa/F6vtG40FFUL96Krxa9vjSHglRk3NAeVvYUBkYR6PxQiecnGNIfz+NuXBh0oBeNnM0Jqlm1ZJt68EggrwE+Mbli11CevcShq7E6pgRPG1RNtAPvijwc4Dr3gCrFyy0w4iNSf1ncWxg8Csjezj5D+Kzbj/ShS4=',
    },
  ],
  [
    7,
    {
      data,
      publicKey:
        'AwEAAe0XjLKyu72Y3w+g5ZXYtAuff5tT91nqXC6MD9dPBsw7roPhIS7UqhwORN7+DMrq4gMXpYUWxoKBnXfoBlyHWGHgxwcMiNMipVue0zoqEkchXqW8AYltKp0bpXQ5Ajfss2jqppy024F2XhXRI16YyM74VTWpRjq2XHSLf0G/z80R',
      signature:
        'S8k1UHXjVBjYVy/NMl0gd/O3laRRYb5LAkM2Zt8xXykOi2hQPcYp38mnwzQI5x91RspMA2dO+m3b+gY0L1EAqtUKXOdI27XRlxkHc+Ht/yGw4LVxWQUdI9IsVlb9/sOr1z6njI7eYsuxB5cYZD3Ot8pFSIA3e2Gz3op8q++xYzk=',
    },
  ],
  [
    8,
    {
      data,
      publicKey:
        'AwEAAcChEtunJXe97V0op4o1RZRmcwAI43C9cozVHnOMU6Rb2tgM8ev6FydsfTWHrHxRF8yA0XXznkRLL6SeYysFpoTWE8fgJP9dMIthEd7pJLeCbC/sHh4dY98p+yDCzTXbGR4BMlvXZPSTBxnLhnuzUzMgFievaBKrFhZJLzqRARWJ',
      signature:
        'TUkXuKuO1TJwWQyUXqUhRZrB8DQqUMD08pPMS/jFxrZfLfULePD4q0cSCX9sLYxjykSpy6/hzZy6b8KQy+u4ptGZN64rn8NiELmv5yO2rfAWT3P95rQJBfx2b0A9EO6oECcQDYwGBvCnuxXSyqqUqdN/0AixilG2CKV8LxG38Gc=',
    },
  ],
  [
    10,
    {
      data,
      publicKey:
        'AwEAAeENRz64FhIZd6ML11pNR/NHdsLWfdHckXzU0lTokXoQ3r4lghEapjxY0UKHGmKnnipQ4Xi2lo5DOAg03+NTvkfs/OnUzvC7Kb1uglGa1kPoffDSMRC7CsNz3zuCEfsCUBNlazDmw1SWd+tDl1EjL+JlLZ1yCUNZzukYoVNYTKpL',
      signature:
        'l4Rd26v0mVM/loGAczxCW9eMphYh5c2+5gcxTjRSO5DVMDikCEuHCwni6DvJ6OMlnR+OLrT4hkIMuThlN56SxfcA8Mb1JtazaAEkV7uXKzsgsc61d2u5EOIVgZI63eRRnjYzY6SUgJsBJPMYZRn60Sttvc/77IEgOz7Zil+ivV8=',
    },
  ],
  [
    13,
    {
      data,
      publicKey: 'Y971O2PTkKQ1tLDIab5Bsjomqz8WhazguId4dL4cnJWSJl6OdgLYv7pcURdWEd0LPzBrxVOPDkyGIUGI5w5new==',
      signature: 'zssUhVw3grmloS8Gsjvas9LUArcoRdWt+Bb1A18vnym4T/3L9xHQoDThkZa1MQUyAwBQXqERDUNiuwSNeLBb1w==',
    },
  ],
  [
    14,
    {
      data,
      publicKey:
        'rl7NfTblC16TB7d3FVOhVwJNMzhl1U6uDRQdtaSppEWDei5fwvFsGKMReK/ZhA2YE4RdvLnkyOgw0SfzfKxnOsa85QkrcIesHEVeCCpyWSdBwKIyqshftKYtJiN9YjVg',
      signature:
        '28jUGL9ceZ2xzdt6t0dk7aYP9c52qXWxmGvMdcSNv7walq5trmo/1RheN1nRZ8VuCmcrEPg11chv72Hlc6thcRrN0IDvfLSlu7ZIlWZYWYX2ufSPaI1sQ6uyIZy03cV/',
    },
  ],
  [
    15,
    {
      data,
      publicKey: 'BCxgGbBiVF1bR7Htip/XdenB/aJ7tHd3sJn8YdcvVJk=',
      signature: 'RlJ06hUiPrjwzRyLEuZgqen3dsywMeWpUrybSI91Jub62qA5qIcE9PSb5HTGVSrlTwqCm/s/v9sJ+4KwUZRHAA==',
    },
  ],
  [
    16,
    {
      data,
      publicKey: 'GOcXsKjs5hvYG96lOi+YORYPL9kUdpPGmi2Tc173Q+JgoHUpqJv5Le3wbcDp4PRChdJV9U0tUO0A',
      signature:
        'tE+l2b0nLziKF0NzrXq2Gv1HmqkencSLbVYfVhE7U2DYDupUxi5WWo2R8ccHhSYd8iNBB016ON6AJM5o4ImeHJgyLo5AC3sm3PrDvqU36XG7lBFmiwq3gTtc14sv9a7mCPk2qL8ZHV5Dpf3EwHwN4DgA',
    },
  ],
])
