"""What a debtor's words say: values, identity, language, and the two things nobody may miss.

Everything here is pure. Texts come in as people type them; nothing is stored or logged, and no
function raises because of what somebody wrote.
"""
