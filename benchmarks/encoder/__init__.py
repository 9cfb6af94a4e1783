"""How fast is the encoder, beside others that run the same checkpoint?"""
