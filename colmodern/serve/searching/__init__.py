"""How do searches use more processors than one interpreter can? In processes of their own."""
